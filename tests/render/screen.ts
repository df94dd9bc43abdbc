/** What a terminal shows after it was sent this; knows what listr2 sends, and refuses what it does not know. */
export const screenOf = (sent: string, columns: number): string[] => {
  const rows: string[][] = [[]]
  let [row, column] = [0, 0]
  const line = (): string[] => {
    while (rows.length <= row) rows.push([])
    return rows[row]!
  }
  const put = (character: string) => {
    if (column >= columns) {
      row++
      column = 0
    }
    const cells = line()
    while (cells.length < column) cells.push(' ')
    cells[column++] = character
  }
  const obey = (name: string, parameters: string) => {
    const n = Number(parameters || 1)
    if (name === 'A') row = Math.max(0, row - n)
    else if (name === 'B') row += n
    else if (name === 'C') column += n
    else if (name === 'D') column = Math.max(0, column - n)
    else if (name === 'E') [row, column] = [row + n, 0]
    else if (name === 'F') [row, column] = [Math.max(0, row - n), 0]
    else if (name === 'G') column = n - 1
    else if (name === 'K' && parameters === '2') rows[row] = []
    else if (name === 'K' && (parameters === '' || parameters === '0')) line().splice(column)
    else if (name === 'J' && (parameters === '' || parameters === '0')) {
      line().splice(column)
      rows.splice(row + 1)
    } else if (!'mhl'.includes(name)) throw new Error(`the screen does not know CSI ${parameters}${name}`)
  }
  for (const [piece, parameters, name] of sent.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|[\s\S]/gu)) {
    if (name) obey(name, parameters!)
    else if (piece === '\r') column = 0
    else if (piece === '\n') row++
    else if (piece === '\u001b') throw new Error('the screen was sent half a sequence')
    else put(piece)
    line()
  }
  const lines = rows.map((cells) => cells.join('').trimEnd())
  while (lines.at(-1) === '') lines.pop()
  return lines
}
