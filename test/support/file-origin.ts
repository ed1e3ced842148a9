import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import type { RealObject } from './real-objects';
import type { ConfiguredPacs } from './sandbox';

const boundary = 'files';

/** A DICOMweb PACS that hands out the bytes of files without a look at them; it finds nothing (QIDO-RS). */
export class FileOrigin {
  private constructor(private readonly server: Server) {}

  static async start(objects: readonly RealObject[]): Promise<FileOrigin> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').split('?')[0];
      const [, , series, instance] = /^\/studies\/([^/]+)\/series\/([^/]+)(?:\/instances\/([^/]+))?$/.exec(path) ?? [];
      const asked = objects.filter(
        (one) => one.seriesInstanceUid === series && (!instance || one.sopInstanceUid === instance),
      );
      if (!series) return response.writeHead(200, { 'Content-Type': 'application/dicom+json' }).end('[]');
      if (asked.length === 0) return response.writeHead(404).end();
      response.writeHead(200, {
        'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
      });
      for (const { bytes, transferSyntaxUid } of asked) {
        const type = `application/dicom; transfer-syntax=${transferSyntaxUid}`;
        response.write(`\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n\r\n`);
        response.write(bytes);
      }
      return response.end(`\r\n--${boundary}--\r\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FileOrigin(server);
  }

  get asPacs(): ConfiguredPacs {
    return { id: 'pacs', kind: 'dicomweb', url: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}` };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
