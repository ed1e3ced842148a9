import { isUtf8 } from 'node:buffer';
import type { Delimiters } from './delimiters';

/**
 * Undoes the escape sequences of a text (HL7 2.5 chapter 2.7): the delimiters, `\E\`, hexadecimal `\Xdd..\`, line breaks and
 * blanks of formatted text. Highlighting and local or unknown sequences say nothing here and are dropped. An escape character
 * without its closing one is kept as it is. One pass, never applied to its own result.
 */
export function unescapeText(text: string, delimiters: Delimiters): string {
  const mark = delimiters.escape;
  if (mark === '' || !text.includes(mark)) return text;
  const out: string[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf(mark, at);
    const close = open < 0 ? -1 : text.indexOf(mark, open + 1);
    if (close < 0) break;
    const sequence = text.slice(open + 1, close);
    if (looksLikeSequence(sequence)) {
      out.push(text.slice(at, open), meaning(sequence, delimiters));
      at = close + 1;
    } else {
      out.push(text.slice(at, open + 1));
      at = open + 1;
    }
  }
  out.push(text.slice(at));
  return out.join('');
}

/** Writes a text so that none of its characters is taken for a delimiter or a segment end. */
export function escapeText(text: string, delimiters: Delimiters): string {
  const codes = new Map([
    [delimiters.field, 'F'],
    [delimiters.component, 'S'],
    [delimiters.subcomponent, 'T'],
    [delimiters.repetition, 'R'],
    [delimiters.escape, 'E'],
  ]);
  const out: string[] = [];
  for (const character of text) {
    const code = codes.get(character) ?? lineEnds[character];
    out.push(code ? `${delimiters.escape}${code}${delimiters.escape}` : character);
  }
  return out.join('');
}

const lineEnds: Readonly<Record<string, string>> = { '\r': 'X0D', '\n': 'X0A' };
const sequenceLengthMax = 4096;

function looksLikeSequence(sequence: string): boolean {
  return (
    sequence.length <= sequenceLengthMax && /^([FSTREHNPL]|[XCMZ][0-9A-Za-z]*|\.[a-z]{2}[+-]?\d{0,3})$/.test(sequence)
  );
}

function meaning(sequence: string, delimiters: Delimiters): string {
  switch (sequence[0]) {
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent;
    case 'R':
      return delimiters.repetition;
    case 'E':
      return delimiters.escape;
    case 'X':
      return fromHex(sequence.slice(1));
    case '.':
      return formatted(sequence.slice(1));
    default:
      return '';
  }
}

function fromHex(digits: string): string {
  if (digits.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(digits)) return '';
  const bytes = Buffer.from(digits, 'hex');
  // NUL has no place in any text that is stored.
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1').replaceAll('\0', '');
}

function formatted(command: string): string {
  if (command.startsWith('br') || command.startsWith('ce')) return '\n';
  if (command.startsWith('sp')) return '\n'.repeat(Math.min(Math.max(Number(command.slice(2) || 1), 1), 20));
  return command.startsWith('sk') ? ' ' : '';
}
