import { BlockList, isIP } from 'node:net';

export interface CallOrigin {
  /** Header `Origin`, as the browser sent it. */
  readonly origin?: string;
  /** Address of the caller, after trusted proxies. */
  readonly address?: string;
}

/** Who may call: by the web page that sent the form, and by the network it came from. */
export class CallerRules {
  private readonly networks = new BlockList();

  constructor(
    private readonly origins: readonly string[],
    private readonly addresses: readonly string[],
  ) {
    for (const entry of addresses) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      this.networks.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
    }
  }

  /** Undefined when the caller may call; else which rule refuses it. */
  refusal(caller: CallOrigin): 'origin' | 'address' | undefined {
    if (this.origins.length > 0 && caller.origin !== undefined && !this.origins.includes(caller.origin))
      return 'origin';
    if (this.addresses.length > 0 && !this.isListed(caller.address)) return 'address';
    return undefined;
  }

  private isListed(address: string | undefined): boolean {
    const bare = address?.replace(/^::ffff:(?=\d+\.)/i, '');
    const version = bare === undefined ? 0 : isIP(bare);
    return version !== 0 && this.networks.check(bare as string, version === 6 ? 'ipv6' : 'ipv4');
  }
}
