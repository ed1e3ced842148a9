/** Figures of the trail as files. The queries of the dashboard are `StatisticsQueries` (src/audit). */
export { builtInModels, ModelError, readModel } from './model';
export type { StatisticsModel } from './model';
export { exportFormats, isExportFormat, StatisticsExport } from './statistics-export';
export type { ExportFormat, ExportRequest } from './statistics-export';
export { statisticKinds } from './statistic-line';
export type { StatisticLine } from './statistic-line';
export { statisticsConfig } from './statistics.config';
export { StatisticsModule } from './statistics.module';
