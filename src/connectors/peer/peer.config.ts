import { z } from 'zod';
import { defineSlice, text, variable } from '../../platform/config';
import {
  materialFiles,
  materialVariables,
  proveAnchorFiles,
  proveMaterialVariables,
  proveNamedFiles,
} from '../../platform/pki';

/** A certificate for the structures that it names; DRIMBOX_PEER_CERT_FILE serves the others. */
const structure = z.strictObject({ ids: z.array(z.string().min(2).max(40)).min(1).max(50), tls: materialFiles });

/** How images are asked of other gateways. */
export const peerConfig = defineSlice(
  'peer',
  {
    ...materialVariables('DRIMBOX_PEER', 'other gateways, when images are asked of them'),
    structures: variable('DRIMBOX_PEER_STRUCTURES', text.json(z.array(structure).max(200)).default([]), {
      describe:
        'JSON list, for a gateway of several structures: ids of structures (FINESS…) and the tls files of their certificate; the certificate above serves professionals of all others',
      example: '[{"ids":["750803447"],"tls":{"certificateFile":"…","keyFile":"…"}}]',
    }),
    connections: variable('DRIMBOX_PEER_CONNECTIONS', text.integer(1, 64).default(6), {
      describe: 'Connections to each other gateway at most',
    }),
    connectTimeoutMs: variable('DRIMBOX_PEER_CONNECT_TIMEOUT_MS', text.integer(500, 60_000).default(10_000), {
      describe: 'Time to connect to another gateway, TLS included',
      unit: 'ms',
    }),
    silenceMs: variable('DRIMBOX_PEER_SILENCE_MS', text.integer(1_000, 600_000).default(60_000), {
      describe: 'Another gateway that sends no byte for this long is given up',
      unit: 'ms',
    }),
    exchangeMsMax: variable('DRIMBOX_PEER_EXCHANGE_MS_MAX', text.integer(10_000, 14_400_000).default(1_800_000), {
      describe: 'Longest duration of one answer (a series)',
      unit: 'ms',
    }),
    objectBytesMax: variable(
      'DRIMBOX_PEER_OBJECT_BYTES_MAX',
      text.integer(1_048_576, 2_147_483_647).default(536_870_912),
      { describe: 'Largest object taken from another gateway', unit: 'bytes' },
    ),
    inFlightBytesMax: variable(
      'DRIMBOX_PEER_IN_FLIGHT_BYTES_MAX',
      text.integer(16_777_216, 17_179_869_184).default(805_306_368),
      {
        describe:
          'Memory for objects on their way from all other gateways together, and as much again for those being written to disk; beyond it reading waits',
        unit: 'bytes',
      },
    ),
    failuresMax: variable('DRIMBOX_PEER_FAILURES_MAX', text.integer(1, 100).default(5), {
      describe: 'Failures in a row after which another gateway is left alone for a while',
    }),
    suspensionMs: variable('DRIMBOX_PEER_SUSPENSION_MS', text.integer(1_000, 600_000).default(20_000), {
      describe: 'How long it is left alone before one request tries again',
      unit: 'ms',
    }),
  },
  {
    prove: async (values) => {
      const proofs = values.structures.map(({ ids, tls }) =>
        proveNamedFiles('DRIMBOX_PEER_STRUCTURES', { label: `structure ${ids[0] ?? ''}`, ...tls }, 'client'),
      );
      if (values.certificateFile || values.pkcs12File)
        proofs.push(proveMaterialVariables('DRIMBOX_PEER', values, 'client'));
      else if (proofs.length > 0) proofs.push(proveAnchorFiles('DRIMBOX_PEER_CA_FILES', values.anchorFiles));
      return (await Promise.all(proofs)).flat();
    },
  },
);
