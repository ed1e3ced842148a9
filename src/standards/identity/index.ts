/** Identities and the small data types that carry them: one validator per type, each giving the reason for refusal. */
export * from './birth-date';
export * from './birth-place';
export * from './checked';
export * from './distinguished-name';
export * from './gender';
export * from './identity-status';
export * from './ins';
export * from './oid';
export * from './professional-id';
export * from './structure-id';
export * from './components';
export * from './cx';
export * from './person-name';
export * from './timestamp';
export * from './xcn';
export * from './xon';
