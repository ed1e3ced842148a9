/** The authority's white list, for trying and testing: signed in either of the two forms seen, or wrong on request. */
export {
  startWhiteListServer,
  type WhiteListBehaviour,
  type WhiteListForm,
  type WhiteListServer,
  type WhiteListServerOptions,
} from './white-list-server';
export { listDocument, type ListedGateway } from './list-document';
export { signWithFilter2 } from './sign-filter2';
export { signEnvelopedList } from './sign-enveloped';
export type { ListSigner } from './signer';
