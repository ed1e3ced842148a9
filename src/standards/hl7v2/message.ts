import { Checked, ReadComponent, refused, valid } from '../identity';
import { Delimiters, delimitersOf } from './delimiters';
import { unescapeText } from './escape';

/** Limits of a message; reaching one is a reason for refusal. */
export interface Hl7Limits {
  readonly segmentsMax: number;
  readonly fieldsMax: number;
  readonly repetitionsMax: number;
  readonly componentsMax: number;
}

export const usualHl7Limits: Hl7Limits = { segmentsMax: 2000, fieldsMax: 200, repetitionsMax: 200, componentsMax: 200 };

/** One repetition of a field: components and subcomponents numbered from 1, without escape sequences. */
export class Hl7Repetition {
  private components?: string[];

  constructor(
    readonly raw: string,
    private readonly delimiters: Delimiters,
    private readonly limits: Hl7Limits,
  ) {}

  /** Reads a component (its first subcomponent) or a subcomponent; '' when absent. `""` (delete) reads as ''. */
  readonly read: ReadComponent = (component, subcomponent = 1) => {
    this.components ??= this.raw.split(this.delimiters.component, this.limits.componentsMax);
    const text = this.components[component - 1] ?? '';
    const part = text.includes(this.delimiters.subcomponent)
      ? (text.split(this.delimiters.subcomponent, this.limits.componentsMax)[subcomponent - 1] ?? '')
      : subcomponent === 1
        ? text
        : '';
    return part === '""' ? '' : unescapeText(part, this.delimiters);
  };
}

export class Hl7Segment {
  private fields?: string[];

  constructor(
    readonly name: string,
    private readonly line: string,
    private readonly delimiters: Delimiters,
    private readonly limits: Hl7Limits,
  ) {}

  /** Field `number` (from 1) as it came. In MSH, field 1 is the separator itself. */
  raw(number: number): string {
    this.fields ??= this.line.split(this.delimiters.field, this.limits.fieldsMax);
    if (this.name === 'MSH') return number === 1 ? this.delimiters.field : (this.fields[number - 1] ?? '');
    return this.fields[number] ?? '';
  }

  /** Repetitions of a field; an empty field has none. */
  repetitions(number: number): Hl7Repetition[] {
    const raw = this.raw(number);
    if (raw === '') return [];
    return raw
      .split(this.delimiters.repetition, this.limits.repetitionsMax)
      .map((text) => new Hl7Repetition(text, this.delimiters, this.limits));
  }

  /** First repetition of a field, component and subcomponent from 1, trimmed; '' when absent. */
  text(number: number, component = 1, subcomponent = 1): string {
    return (this.repetitions(number)[0]?.read(component, subcomponent) ?? '').trim();
  }
}

/** A parsed message: segments in order. Fields are cut when they are asked for. */
export class Hl7Message {
  constructor(
    readonly segments: readonly Hl7Segment[],
    readonly delimiters: Delimiters,
    /** Lines that belonged to no segment and were joined to the one before (a line end inside a field). */
    readonly joinedLines: number,
  ) {}

  get header(): Hl7Segment {
    return this.segments[0];
  }

  first(name: string): Hl7Segment | undefined {
    return this.segments.find((segment) => segment.name === name);
  }

  all(name: string): Hl7Segment[] {
    return this.segments.filter((segment) => segment.name === name);
  }
}

/** Lines of a message: a report of 20 MB broken at 76 characters has some 280,000. */
const linesMax = 500_000;

const segmentShape = /^[A-Z][A-Z0-9]{2}$/;

/**
 * Parses a message. Segments end by CR (HL7 2.5 chapter 2.4); LF and CRLF are accepted on receipt. A line that does not begin
 * with a segment name and a separator is the rest of the field before it, broken by a sender that does not escape line ends.
 */
export function parseMessage(text: string, limits: Hl7Limits = usualHl7Limits): Checked<Hl7Message> {
  const start = text.search(/\S/);
  if (start < 0) return refused('the message is empty');
  if (!text.startsWith('MSH', start)) return refused('the message does not begin with MSH');
  const lines = text.slice(start).split(/\r\n|\r|\n/, linesMax + 1);
  if (lines.length > linesMax) return refused(`the message has more than ${linesMax} lines`);
  const delimiters = delimitersOf(lines[0]);
  if (!delimiters.ok) return delimiters;
  const joined = joinLines(lines, delimiters.value);
  if (joined.length > limits.segmentsMax) return refused(`the message has more than ${limits.segmentsMax} segments`);
  const segments = joined.map((line) => new Hl7Segment(line.slice(0, 3), line, delimiters.value, limits));
  const filled = lines.filter((line) => line.trim() !== '').length;
  return valid(new Hl7Message(segments, delimiters.value, filled - segments.length));
}

function joinLines(lines: readonly string[], delimiters: Delimiters): string[] {
  const joined: string[][] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    if (isSegment(line, delimiters)) joined.push([line]);
    else joined.at(-1)?.push(line);
  }
  return joined.map((parts) => (parts.length === 1 ? parts[0] : parts.join('\n')));
}

function isSegment(line: string, delimiters: Delimiters): boolean {
  return line[3] === delimiters.field
    ? segmentShape.test(line.slice(0, 3))
    : line.length === 3 && segmentShape.test(line);
}
