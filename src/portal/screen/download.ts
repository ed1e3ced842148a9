/** Somebody who closes a download has done nothing wrong: there is nothing to log, and nobody to answer. */
export function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
}
