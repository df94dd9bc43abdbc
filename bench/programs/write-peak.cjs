// Loaded by --require into a program that is measured: at its end it writes its peak resident memory, in bytes.
// Linux counts in VmHWM what this program itself has used; ru_maxrss would begin with what its parent had used.
const { readFileSync, writeFileSync } = require('node:fs')

process.on('exit', () => writeFileSync(process.env.BENCH_PEAK_FILE, String(peak())))

function peak() {
  try {
    return Number(readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+) kB/)[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
