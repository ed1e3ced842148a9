import { measurePacs, PACS_DIRECTORY, PacsDirectory, PacsModule } from '../../connectors/pacs';
import { Command, UsageError } from '../command';
import { withRooms } from '../with-rooms';

const given = (value: string | true | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

export const pacsMeasure: Command = {
  words: 'pacs measure',
  usage: 'drimbox pacs measure STUDY [--series UID] [--pacs ID] [--expect TRANSFER-SYNTAX]',
  summary: 'retrieves a study by each method: first image, total, throughput, and why it is slow (DB.SO.102)',
  valued: ['series', 'pacs', 'expect'],
  run: async ({ args, options, config }) => {
    const [studyInstanceUid] = args;
    if (!studyInstanceUid) throw new UsageError('name the study to retrieve');
    return withRooms(config(), [PacsModule], async (app) => {
      const directory = app.get<PacsDirectory>(PACS_DIRECTORY, { strict: false });
      const id = given(options.pacs);
      const pacs = id ? directory.byId(id) : directory.all[0];
      if (!pacs) throw new UsageError('no PACS is configured (DRIMBOX_PACS)');
      const { text, ...value } = await measurePacs(pacs, {
        studyInstanceUid,
        seriesInstanceUid: given(options.series),
        expectedTransferSyntaxUid: given(options.expect),
      });
      return { text, value };
    });
  },
};
