import { expect, test } from 'vitest'
import { byteString, textOf } from '../../runbook/model/byte-string.ts'
import { jsonOfBytes } from '../../runbook/model/unseen.ts'

const UNSEEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\ufff9-\ufffb]/u

test('each sign that nobody sees, alone in what a child printed, is \\u… in the transcript', () => {
  let signs = 0
  const through: string[] = []
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const sign = String.fromCodePoint(code)
    if (!UNSEEN.test(sign)) continue
    signs += 1
    const line = textOf(jsonOfBytes(byteString(Buffer.from(`a${sign}b`))) as never)
    if (UNSEEN.test(line)) through.push(code.toString(16))
    expect(JSON.parse(line)).toBe(`a${sign}b`)
  }
  expect(signs).toBeGreaterThan(4000)
  expect(through).toEqual([])
})

test('what everybody sees stays, emoji and Persian words too', () => {
  for (const text of ['ä ключ 漢字 한글', '❤️ 👩‍👩‍👧 1️⃣', 'می‌خواهم'])
    expect(textOf(jsonOfBytes(byteString(Buffer.from(text))) as never)).toBe(JSON.stringify(text))
})
