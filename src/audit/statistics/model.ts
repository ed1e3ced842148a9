import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AuditKind, auditKinds } from '../trail/audit-event';
import { LineValue, lineValues, statisticKinds } from './statistic-line';

/**
 * The shape of a statistics file: which column holds what. Of the national model (ModelStat) only two columns are public
 * (FAQ-215): `Nombre_Appel` at AI and `Statut_Appel` next to it. The ones before are left empty under a name that says so;
 * a hospital that has the model describes them in a file of its own (docs/statistics.md).
 */

const columnName = z.string().regex(/^[A-Z]{1,3}$/);
const columnSchema = z
  .strictObject({
    /** Letters of the spreadsheet; without it, the one after the column before. */
    column: columnName.optional(),
    header: z.string().min(1).max(100),
    value: z.enum(Object.keys(lineValues) as [LineValue, ...LineValue[]]).optional(),
    /** The same in every line, for example the FINESS number of the hospital. */
    text: z.string().max(200).optional(),
  })
  .refine((one) => one.value === undefined || one.text === undefined, { message: 'a column has a value or a text' });

export const modelSchema = z.strictObject({
  sheet: z
    .string()
    .regex(/^[^\\/?*[\]:']{1,24}$/)
    .default('ModelStat'),
  /** Header of the columns that nothing describes; {column} stands for the letters. */
  unknownHeader: z.string().min(1).max(100).default('Colonne_{column}_non_documentee'),
  acts: z.array(z.enum(auditKinds as unknown as [AuditKind, ...AuditKind[]])).optional(),
  columns: z.array(columnSchema).min(1).max(500),
});

/** One column, in its place; neither value nor text: it is not known what belongs there. */
export interface Column {
  readonly header: string;
  readonly value?: LineValue;
  readonly text?: string;
}

export interface StatisticsModel {
  readonly sheet: string;
  readonly acts: readonly AuditKind[];
  readonly columns: readonly Column[];
}

/** A file that is no model: one sentence, for whoever wrote it. */
export class ModelError extends Error {}

const columnsMax = 702;

/** A is 1, Z is 26, AA is 27. */
export function numberOfColumn(letters: string): number {
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
}

export function lettersOfColumn(number: number): string {
  const rest = (number - 1) % 26;
  const before = (number - 1 - rest) / 26;
  return (before > 0 ? lettersOfColumn(before) : '') + String.fromCharCode(65 + rest);
}

/** Puts every described column in its place and names the others. */
export function modelOf(described: z.output<typeof modelSchema>): StatisticsModel {
  const columns: Column[] = [];
  for (const { column, header, value, text } of described.columns) {
    const place = column ? numberOfColumn(column) : columns.length + 1;
    if (place > columnsMax) throw new ModelError(`column ${column ?? ''} lies beyond ${lettersOfColumn(columnsMax)}`);
    if (place <= columns.length)
      throw new ModelError(`column ${lettersOfColumn(place)} is described twice, or not in order`);
    while (columns.length < place - 1)
      columns.push({ header: described.unknownHeader.replace('{column}', lettersOfColumn(columns.length + 1)) });
    columns.push({ header, value, text });
  }
  return { sheet: described.sheet, acts: described.acts ?? statisticKinds, columns };
}

const ours: z.input<typeof modelSchema>['columns'] = [
  { header: 'DRIMbox_Date', value: 'date' },
  { header: 'DRIMbox_Heure', value: 'time' },
  { header: 'DRIMbox_Acte', value: 'act' },
  { header: 'DRIMbox_Resultat', value: 'outcome' },
  { header: 'DRIMbox_Structure', value: 'structure' },
  { header: 'DRIMbox_Modalite', value: 'modality' },
  { header: 'DRIMbox_Pair', value: 'peer' },
  { header: 'DRIMbox_Images', value: 'instances' },
  { header: 'DRIMbox_Octets', value: 'bytes' },
  { header: 'DRIMbox_Duree_ms', value: 'durationMs' },
  { header: 'DRIMbox_Code_erreur', value: 'errorCode' },
  { header: 'DRIMbox_Correlation', value: 'correlationId' },
];

/** The models that need no file. */
export const builtInModels = {
  /** The two known columns of the national file in their place; ours after them. */
  national: modelOf(
    modelSchema.parse({
      columns: [
        { column: 'AI', header: 'Nombre_Appel', value: 'callCount' },
        { column: 'AJ', header: 'Statut_Appel', value: 'callStatus' },
        ...ours,
      ],
    }),
  ),
  /** Ours alone, from the first column on. */
  detail: modelOf(modelSchema.parse({ sheet: 'Statistiques', columns: ours })),
} as const;
export type BuiltInModel = keyof typeof builtInModels;

/** @param name `national`, `detail`, or the path of a JSON file. Throws `ModelError`. */
export async function readModel(name: string): Promise<StatisticsModel> {
  if (Object.hasOwn(builtInModels, name)) return builtInModels[name as BuiltInModel];
  let described: unknown;
  try {
    described = JSON.parse(await readFile(name, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    throw new ModelError(`the model ${name} ${reason}`, { cause });
  }
  const parsed = modelSchema.safeParse(described);
  if (parsed.success) return modelOf(parsed.data);
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  throw new ModelError(`the model ${name} is not valid: ${faults.slice(0, 5).join('; ')}`);
}
