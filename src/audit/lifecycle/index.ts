export { GatewayLife } from './gateway-life';
export { GatewayLifeModule } from './lifecycle.module';
