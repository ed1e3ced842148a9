import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { ConsumerSeal } from '../../context';

/** Table `consumer_upload`: manifests brought as files, sealed for their context, gone with it. */
@Injectable()
export class UploadRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly seal: ConsumerSeal,
  ) {}

  /** For documents that are kept together, with their record in the trail, or not at all. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }

  /** False when the context has as many as it may. The same file twice is kept once. */
  async add(
    { contextId, digest, bytes, countMax }: { contextId: string; digest: Buffer; bytes: Buffer; countMax: number },
    manager: EntityManager,
  ): Promise<boolean> {
    const sealed = this.seal.seal(bytes, ownerOf(contextId, digest));
    const rows = await manager.query<unknown[]>(
      `INSERT INTO consumer_upload (context_id, document_digest, sealed)
       SELECT $1, $2, $3 WHERE (SELECT count(*) FROM consumer_upload WHERE context_id = $1 AND document_digest <> $2) < $4
       ON CONFLICT (context_id, document_digest) DO UPDATE SET received_at = consumer_upload.received_at
       RETURNING context_id`,
      [contextId, digest, sealed, countMax],
    );
    return rows.length > 0;
  }

  /** Changes with what is kept of a context, whichever process took it. */
  async state(contextId: string): Promise<string> {
    const rows = await this.dataSource.query<{ document_digest: Buffer }[]>(
      'SELECT document_digest FROM consumer_upload WHERE context_id = $1 ORDER BY document_digest',
      [contextId],
    );
    const all = createHash('sha256');
    for (const { document_digest: digest } of rows) all.update(digest);
    return all.digest('base64url');
  }

  async all(contextId: string): Promise<{ digest: Buffer; bytes: Buffer }[]> {
    const rows = await this.dataSource.query<{ document_digest: Buffer; sealed: Buffer }[]>(
      'SELECT document_digest, sealed FROM consumer_upload WHERE context_id = $1 ORDER BY received_at',
      [contextId],
    );
    return rows.flatMap(({ document_digest: digest, sealed }) => {
      const bytes = this.seal.open(sealed, ownerOf(contextId, digest));
      return bytes ? [{ digest, bytes }] : [];
    });
  }
}

const ownerOf = (contextId: string, digest: Buffer): string => `${contextId} ${digest.toString('hex')}`;
