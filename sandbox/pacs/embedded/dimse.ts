import { association, requests, responses } from 'dcmjs-dimse';

/** The library's classes under one roof, as values and as types. */
export const { PresentationContext } = association;
export type PresentationContext = InstanceType<typeof association.PresentationContext>;
export type Association = InstanceType<typeof association.Association>;

export const { CStoreRequest } = requests;
export type CStoreRequest = InstanceType<typeof requests.CStoreRequest>;
export type CEchoRequest = InstanceType<typeof requests.CEchoRequest>;
export type CFindRequest = InstanceType<typeof requests.CFindRequest>;
export type CMoveRequest = InstanceType<typeof requests.CMoveRequest>;
export type CGetRequest = InstanceType<typeof requests.CGetRequest>;
export type CCancelRequest = InstanceType<typeof requests.CCancelRequest>;
export type AnyRequest = CEchoRequest | CFindRequest | CMoveRequest | CGetRequest | CStoreRequest;

export const { CEchoResponse, CFindResponse, CGetResponse, CMoveResponse, CStoreResponse } = responses;
export type CEchoResponse = InstanceType<typeof responses.CEchoResponse>;
export type CFindResponse = InstanceType<typeof responses.CFindResponse>;
export type CGetResponse = InstanceType<typeof responses.CGetResponse>;
export type CMoveResponse = InstanceType<typeof responses.CMoveResponse>;
export type CStoreResponse = InstanceType<typeof responses.CStoreResponse>;
