import { defineErrors, type ErrorEntry } from '../../platform/errors';
import type { WhiteListRefusal } from '../../standards/whitelist';

const entry = (code: string, operator: string): ErrorEntry => ({
  code: `whitelist.${code}`,
  status: 502,
  caller: 'The white list could not be renewed.',
  operator,
});

export const whitelistErrors = defineErrors('whitelist', {
  unreachable: entry(
    'unreachable',
    'The white list could not be downloaded: check the address, the network and the TLS authority.',
  ),
  tooLarge: entry('too-large', 'The server sent more than a white list can be; nothing was kept.'),
  xml: entry('xml', 'What was downloaded is not acceptable XML.'),
  content: entry('content', 'The signed document is not a white list of a known version.'),
  unsigned: entry('unsigned', 'The white list bears no signature: it is refused, the previous one stays in force.'),
  form: entry(
    'form',
    'The unsigned parts of the white list were altered, or its signing tool changed (see DRIMBOX_WHITELIST_STRICT_FORM).',
  ),
  signature: entry(
    'signature',
    'The signature of the white list does not match: it is refused, the previous one stays in force.',
  ),
  coverage: entry('coverage', 'The signature does not cover the whole white list.'),
  signerName: entry('signer-name', 'The white list is signed by someone else than expected (CN, OU).'),
  signerNotYetValid: entry('signer-not-yet-valid', 'The certificate of the signer is not valid yet: check the clock.'),
  signerExpired: entry('signer-expired', 'The certificate of the signer has expired.'),
  signerUntrusted: entry(
    'signer-untrusted',
    'The certificate of the signer does not come from a configured authority (DRIMBOX_WHITELIST_CA_FILES).',
  ),
  signerRevoked: entry('signer-revoked', 'The certificate of the signer is revoked.'),
  revocationUnknown: entry(
    'revocation-unknown',
    'No usable revocation list says whether the certificate of the signer is revoked.',
  ),
  older: entry(
    'older',
    'The list offered is older than the one in force (refresh it by hand with --accept-older if that is meant).',
  ),
  notConfigured: entry('not-configured', 'No address of a white list is configured (DRIMBOX_WHITELIST_URL).'),
  notKept: entry('not-kept', 'The white list was accepted but could not be written to its folder.'),
});

/** Every reason of the standard has its entry. */
export const refusalErrors: Readonly<Record<WhiteListRefusal, ErrorEntry>> = {
  xml: whitelistErrors.xml,
  content: whitelistErrors.content,
  unsigned: whitelistErrors.unsigned,
  form: whitelistErrors.form,
  signature: whitelistErrors.signature,
  coverage: whitelistErrors.coverage,
  'signer-name': whitelistErrors.signerName,
  'signer-not-yet-valid': whitelistErrors.signerNotYetValid,
  'signer-expired': whitelistErrors.signerExpired,
  'signer-untrusted': whitelistErrors.signerUntrusted,
  'signer-revoked': whitelistErrors.signerRevoked,
  'revocation-unknown': whitelistErrors.revocationUnknown,
};
