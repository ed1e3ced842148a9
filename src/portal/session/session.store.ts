import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

/** The store's few statements, run on the application's own connections: the embedded database has only one. */
function poolOn(dataSource: DataSource): Pool {
  const query = async (statement: string, values?: unknown[]) => {
    const rows: unknown = await dataSource.query(statement, values);
    return { rows: Array.isArray(rows) ? rows : [] };
  };
  return { query } as unknown as Pool;
}

/** Sessions in the table `portal_session`; those that ended are removed by `SessionWatch`, with the line of their logout. */
export function sessionStore(dataSource: DataSource): session.Store {
  const PgStore = connectPgSimple(session);
  return new PgStore({
    pool: poolOn(dataSource),
    tableName: 'portal_session',
    pruneSessionInterval: false,
    disableTouch: false,
  });
}
