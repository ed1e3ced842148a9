import { HealthFinding, listenerFinding } from '../../../platform/health';
import { DimsePacs } from '../dimse/dimse-pacs';
import { DimseSettings } from '../dimse/dimse-settings';
import { DimseListener } from './dimse-listener';

/** Asks our own listener: C-ECHO in clear text, a TLS handshake where callers need a certificate that we may not have. */
export function checkListener(
  listener: DimseListener,
  settings: DimseSettings,
  signal: AbortSignal,
): Promise<HealthFinding> {
  const { host, port, connections, connectionsMax, certificate, probes } = listener;
  return listenerFinding(
    {
      check: 'dicom',
      label: 'La réception DICOM',
      advice: 'Vérifier que le port DICOM est libre et son certificat valable ; sinon redémarrer la passerelle.',
      host,
      port,
      connections,
      connectionsMax,
      ...(certificate
        ? { tls: { fingerprint256: certificate.fingerprint256, probes } }
        : { ask: (limited) => echo(listener, settings, limited) }),
    },
    signal,
  );
}

/** A new association each time: one that is open already says nothing of the next. */
async function echo(listener: DimseListener, settings: DimseSettings, signal: AbortSignal): Promise<number> {
  const self = new DimsePacs({
    id: 'self',
    peer: listener.reachedAt,
    pacsAeTitle: listener.aeTitle,
    ourAeTitle: listener.probeTitle,
    retrieve: 'get',
    maxAssociations: 1,
    settings,
    destinations: undefined,
  });
  try {
    return await self.echo(signal);
  } finally {
    await self.close();
  }
}
