import { configSlices } from '../../app.module';
import { ConfigOf, LoadedConfig } from '../../platform/config';
import { daysLeft, materialSource, MaterialValues, pkiConfig, readAndProve } from '../../platform/pki';
import { Command } from '../command';

interface CertificateLine {
  readonly use: string;
  readonly subject?: string;
  readonly notAfter?: string;
  readonly daysLeft?: number;
  readonly faults: readonly string[];
}

const isMaterial = (values: object): values is MaterialValues => 'certificateFile' in values && 'anchorFiles' in values;

/** Certificates named by the configuration, slice by slice. */
async function certificates(loaded: LoadedConfig): Promise<CertificateLine[]> {
  const { nearEndDays } = loaded.values.get(pkiConfig.token) as ConfigOf<typeof pkiConfig>;
  const lines: CertificateLine[] = [];
  for (const slice of configSlices) {
    const values = loaded.values.get(slice.token);
    if (!values || !isMaterial(values) || !(values.certificateFile ?? values.pkcs12File)) continue;
    const now = new Date();
    const { material, faults } = await readAndProve(materialSource(slice.name, values), {
      use: 'serverAndClient',
      now,
      nearEndDays,
    });
    const { certificate } = material;
    lines.push({
      use: slice.name,
      subject: certificate?.subject.replaceAll('\n', ', '),
      notAfter: certificate && new Date(certificate.validTo).toISOString(),
      daysLeft: certificate && daysLeft(certificate, now),
      faults: faults.filter((fault) => fault.code !== 'usage-not-allowed').map((fault) => fault.code),
    });
  }
  return lines;
}

export const pkiStatus: Command = {
  words: 'pki status',
  usage: 'drimbox pki status',
  summary: 'every certificate of the configuration: whose, until when, and what is wrong with it',
  run: async ({ config }) => {
    const lines = await certificates(config());
    const text = lines.map((line) =>
      [
        line.use,
        line.subject ?? '?',
        `until ${line.notAfter ?? '?'} (${line.daysLeft ?? '?'} days)`,
        line.faults.join(' '),
      ].join('\t'),
    );
    return { text: text.join('\n') || 'no certificate is configured', value: lines };
  },
};
