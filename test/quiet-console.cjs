/** oidc-provider warns at each start that its adapter is for development, which the sandbox is: not worth a page of every report. */
for (const level of ['info', 'warn']) {
  const print = console[level].bind(console);
  console[level] = (...words) => {
    if (!String(words[0]).startsWith('oidc-provider ')) print(...words);
  };
}
