export * from './dicomweb.types';
