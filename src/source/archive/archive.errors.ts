import { defineErrors } from '../../platform/errors';

export const archiveErrors = defineErrors('archive', {
  notAManifest: {
    code: 'archive.not-a-manifest',
    status: 422,
    caller: 'The file is not a manifest that can be stored.',
    operator: 'A file given to the archive is not a readable manifest of one study with an INS; the detail says why.',
  },
  otherCurrent: {
    code: 'archive.other-current-manifest',
    status: 409,
    caller: 'The study already has another current manifest.',
    operator:
      'A manifest was to be stored without saying that it replaces the current one of its study, or replacing another one.',
  },
  sameUidOtherContent: {
    code: 'archive.same-uid-other-content',
    status: 409,
    caller: 'Another manifest is stored under this identifier.',
    operator: 'Two different manifests carry the same SOP Instance UID: the second one was not stored.',
  },
});
