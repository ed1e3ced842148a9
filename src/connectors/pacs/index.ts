export * from './pacs.port';
