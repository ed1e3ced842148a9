import { resolve } from 'node:path';
import { createSandboxPki } from './sandbox-pki';
import { memberNames } from './members';

/** `npm run certs [-- DIR]`: writes the sandbox's authorities, certificates and keys (default certs/generated). */
async function main(): Promise<void> {
  const dir = resolve(process.argv[2] ?? 'certs/generated');
  const pki = await createSandboxPki({ dir });
  process.stdout.write(
    `${memberNames.length} certificates in ${pki.dir}; passphrase of the .p12 files: ${pki.passphraseFile}\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
