import { enableConsoles } from './console-view.ts';
import { enableCopying } from './copy.ts';
import { enableFilters } from './filter.ts';
import { showMap } from './map-view.ts';

enableCopying();
enableConsoles();
enableFilters();
void showMap();
