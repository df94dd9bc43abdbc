import { styleText } from 'node:util'

/** Colours, or none. */
export type Paint = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>

export const paintWith = (colors: boolean): Paint => {
  const painter = (style: keyof Paint) => (text: string) =>
    colors ? styleText(style, text, { validateStream: false }) : text
  return {
    bold: painter('bold'),
    dim: painter('dim'),
    red: painter('red'),
    green: painter('green'),
    yellow: painter('yellow'),
    cyan: painter('cyan'),
  }
}
