import {
  defaultDimseSettings,
  DimseListener,
  DimsePacs,
  DimsePacsOptions,
  DimseSettings,
  ExpectedInstance,
  ListenerOptions,
  MoveDestinations,
  Pacs,
  textOf,
} from '../../src/connectors/pacs';

/** Our side of DIMSE for a test: an open listener and the client of one PACS. */
export class DimseGateway {
  static readonly aeTitle = 'DRIMBOX';

  private constructor(
    readonly listener: DimseListener,
    readonly destinations: MoveDestinations,
    private readonly settings: DimseSettings,
    private readonly clients: DimsePacs[] = [],
  ) {}

  static async open(
    options: Partial<Pick<ListenerOptions, 'refused' | 'maxAssociations'>> & {
      settings?: Partial<DimseSettings>;
      callers?: string[];
    } = {},
  ) {
    const settings = { ...defaultDimseSettings, ...options.settings };
    const destinations = new MoveDestinations((title) => title === DimseGateway.aeTitle);
    const listener = new DimseListener({
      host: '127.0.0.1',
      port: 0,
      aeTitle: DimseGateway.aeTitle,
      allowedCallingAeTitles: options.callers ?? [],
      maxAssociations: options.maxAssociations ?? 40,
      settings,
      refused: options.refused,
    });
    listener.handlers.register(destinations);
    await listener.open();
    return new DimseGateway(listener, destinations, settings);
  }

  client(port: number, more: Partial<DimsePacsOptions> = {}): DimsePacs {
    const pacs = new DimsePacs({
      id: 'test',
      peer: { host: '127.0.0.1', port },
      pacsAeTitle: 'PACS',
      ourAeTitle: DimseGateway.aeTitle,
      retrieve: 'auto',
      maxAssociations: 4,
      settings: this.settings,
      destinations: this.destinations,
      ...more,
    });
    this.clients.push(pacs);
    return pacs;
  }

  /** Releases the associations of the clients: a PACS serves few at once. */
  async closeClients(): Promise<void> {
    for (const client of this.clients.splice(0)) await client.close();
  }

  async close(): Promise<void> {
    await this.closeClients();
    await this.listener.close();
  }
}

/** Every instance of a study as the PACS lists it. */
export async function instancesOf(pacs: Pacs, studyInstanceUid: string): Promise<ExpectedInstance[]> {
  const all: ExpectedInstance[] = [];
  for (const series of await pacs.findSeries(studyInstanceUid, {})) {
    const seriesInstanceUid = textOf(series, 'SeriesInstanceUID');
    for (const one of await pacs.findInstances(studyInstanceUid, seriesInstanceUid, { SOPClassUID: '' })) {
      const [sopInstanceUid, sopClassUid] = [textOf(one, 'SOPInstanceUID'), textOf(one, 'SOPClassUID')];
      all.push({ seriesInstanceUid, sopInstanceUid, sopClassUid });
    }
  }
  return all;
}
