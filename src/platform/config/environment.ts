import { Environment } from './load';

/** The one place that reads the environment of the process. */
export function processEnvironment(): Environment {
  return process.env;
}
