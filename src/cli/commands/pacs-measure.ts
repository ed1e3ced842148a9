import {
  MeasuredMethod,
  measurePacs,
  PACS_DIRECTORY,
  pacsConfig,
  PacsDirectory,
  PacsModule,
} from '../../connectors/pacs';
import { ConfigOf, LoadedConfig, provePortFree } from '../../platform/config';
import { Command, CommandContext, UsageError } from '../command';
import { withRooms } from '../with-rooms';

type PacsValues = ConfigOf<typeof pacsConfig>;

const given = (value: string | true | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

/** The configuration of this one run, and what it cannot measure. */
interface Plan {
  readonly config: LoadedConfig;
  readonly methods?: readonly MeasuredMethod[];
  readonly notice?: string;
}

function withPacs(config: LoadedConfig, values: PacsValues): LoadedConfig {
  return { ...config, values: new Map(config.values).set(pacsConfig.token, values) };
}

/**
 * C-MOVE needs our listener. While the gateway runs, it holds the configured port: then another title and port, known to
 * the PACS, must be given, or C-MOVE is left out.
 */
async function planOf(config: LoadedConfig, options: CommandContext['options']): Promise<Plan> {
  const values = config.values.get(pacsConfig.token) as PacsValues;
  if (values.listen === 'off') return { config };
  const port = Number(given(options['listen-port']) ?? values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new UsageError('--listen-port takes a port number');
  const chosen = { ...values, port, aeTitle: given(options['ae-title']) ?? values.aeTitle };
  const inUse = (await provePortFree('DRIMBOX_DICOM_PORT', values.host, port)).length > 0;
  if (!inUse) return { config: withPacs(config, chosen) };
  const notice = `port ${port} is in use (by the gateway, if it runs): C-MOVE is not measured; see --listen-port and --ae-title`;
  const methods = values.list.some((pacs) => pacs.kind === 'dimse') ? (['get'] as const) : undefined;
  return { config: withPacs(config, { ...chosen, listen: 'off' }), methods, notice };
}

export const pacsMeasure: Command = {
  words: 'pacs measure',
  usage: 'drimbox pacs measure STUDY [--series UID] [--pacs ID] [--expect SYNTAX] [--listen-port P --ae-title T]',
  summary: 'retrieves a study by each method: first image, total, throughput, and why it is slow (DB.SO.102)',
  valued: ['series', 'pacs', 'expect', 'listen-port', 'ae-title'],
  run: async ({ args, options, config }) => {
    const [studyInstanceUid] = args;
    if (!studyInstanceUid) throw new UsageError('name the study to retrieve');
    const plan = await planOf(config(), options);
    const measure = async (directory: PacsDirectory) => {
      const id = given(options.pacs);
      const pacs = id ? directory.byId(id) : directory.all[0];
      if (!pacs) throw new UsageError('no PACS is configured (DRIMBOX_PACS)');
      const { text, ...value } = await measurePacs(pacs, {
        studyInstanceUid,
        seriesInstanceUid: given(options.series),
        expectedTransferSyntaxUid: given(options.expect),
        methods: pacs.kind === 'dimse' ? plan.methods : undefined,
      });
      const isEmpty = value.instances === 0;
      const lines = [
        isEmpty ? `PACS ${pacs.id} holds no instance of this study or series` : text,
        ...(plan.notice ? [plan.notice] : []),
      ];
      return {
        text: lines.join('\n'),
        value: { ...value, notice: plan.notice },
        // One method that works is a measure; none is a failure.
        failed: isEmpty || value.measures.every(({ error }) => error !== undefined),
      };
    };
    return withRooms(plan.config, [PacsModule], (app) => measure(app.get(PACS_DIRECTORY, { strict: false })), {
      database: false,
    });
  },
};
