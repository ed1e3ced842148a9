/** The part of oidc-provider (which ships no types) that the sandbox's Pro Santé Connect calls. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  import type { Socket } from 'node:net';
  import type { TLSSocket } from 'node:tls';

  export interface OidcContext {
    readonly socket: Socket & Partial<TLSSocket>;
    readonly oidc?: {
      readonly route?: string;
      readonly client?: { readonly clientId: string };
      readonly session?: { readonly accountId?: string; grantIdFor(clientId: string): string | undefined };
      readonly entities?: { readonly AccessToken?: StoredToken; readonly RefreshToken?: StoredToken };
    };
    body: unknown;
    status: number;
  }

  export interface StoredToken {
    accountId: string;
    clientId: string;
    acr?: string;
  }

  export interface GrantModel {
    addOIDCScope(scope: string): void;
    save(): Promise<string>;
  }

  export interface AccessTokenModel {
    setThumbprint(kind: 'x5t', certificate: string): void;
    save(): Promise<string>;
  }

  export interface InteractionDetails {
    readonly uid: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly prompt: { readonly name: string };
  }

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    proxy: boolean;
    use(middleware: (ctx: OidcContext, next: () => Promise<void>) => Promise<void>): void;
    on(event: string, listener: (...args: unknown[]) => void): this;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<InteractionDetails>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: Record<string, unknown>,
      options?: { mergeWithLastSubmission: boolean },
    ): Promise<void>;
    readonly Grant: {
      new (properties: { accountId: string; clientId: string }): GrantModel;
      find(id: string): Promise<GrantModel | undefined>;
    };
    readonly AccessToken: new (properties: Record<string, unknown>) => AccessTokenModel;
    readonly Client: { find(id: string): Promise<unknown> };
  }
}
