import type { ManifestStudy } from './manifest';

/** What the free text of a DRIM-M manifest says; publishers, consumers and front ends parse it back. */
export interface DescriptionText {
  studyDescription?: string;
  actLabel?: string;
  series: Map<string, { modality?: string; description?: string; date?: string; time?: string }>;
}

const examLine = /^Examen\s*:\s*(.*)$/;
/** One sample writes `Acte =  : Abdomen + pelvis`. */
const actLine = /^Acte\s*=\s*(?::\s*)?(.*)$/;
/** `Série-<uid> : <modality> @  : <description>`; the oldest sample has neither accent nor `@`. */
const seriesLine = /^S\S{1,3}rie-([\d.]{1,64})\s*:\s*([A-Z0-9_]{0,16})\s*(?:@[^:]*)?(?::\s*(.*))?$/;

/** Writes the text item (113012, DCM) of one or several studies, one line each for study, act and series. */
export function writeDescriptionText(studies: readonly ManifestStudy[], actLabel: string | undefined): string {
  const lines: string[] = [];
  for (const study of studies) {
    lines.push(`Examen : ${study.description ?? ''}`, `Acte = ${actLabel ?? ''}`);
    for (const series of study.series) {
      lines.push(`Série-${series.seriesInstanceUid} : ${series.modality ?? ''} @  : ${series.description ?? ''}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Reads what it understands of the text; lines of another form are passed over. */
export function readDescriptionText(text: string): DescriptionText {
  const read: DescriptionText = { series: new Map() };
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.trim();
    const series = seriesLine.exec(line);
    if (series?.[1]) {
      read.series.set(series[1], { modality: series[2] || undefined, description: series[3] || undefined });
      continue;
    }
    read.studyDescription ??= examLine.exec(line)?.[1] || undefined;
    read.actLabel ??= actLine.exec(line)?.[1] || undefined;
  }
  return read;
}
