/** The library as the node serves it beside these modules. */
export { default } from 'uplot';
