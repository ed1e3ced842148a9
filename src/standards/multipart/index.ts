export * from './multipart.types';
