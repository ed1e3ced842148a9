/** VIHF: the SAML assertion that says to the DMP who asks, for which structure and about whom. */
export { buildVihf } from './build-vihf';
export type {
  VihfCode,
  VihfContext,
  VihfMode,
  VihfMoment,
  VihfProfessional,
  VihfRefusal,
  VihfResult,
  VihfSoftware,
  VihfStructure,
} from './vihf.types';
