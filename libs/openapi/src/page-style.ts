/**
 * Style of the page that documents an API, on top of that of Swagger UI, which follows the visitor's choice of light and dark by itself. On a
 * phone rows of its tables become blocks, so that a name stands above what is said of it, and long lines wrap.
 */
export const PAGE_STYLE = `
.swagger-ui .info { margin: 1.5rem 0 }
.swagger-ui .info hgroup.main { margin: 0 }
.swagger-ui .scheme-container { padding: 1rem 0 }
.swagger-ui .highlight-code pre, .swagger-ui .highlight-code code, .swagger-ui .request-url pre, .swagger-ui .curl-command pre,
.swagger-ui .curl-command code { white-space: pre-wrap !important; overflow-wrap: anywhere }
.swagger-ui .response-col_links, .swagger-ui .responses-table .col_header.response-col_links { display: none !important }
@media (max-width: 640px) {
  .swagger-ui .wrapper, .swagger-ui .opblock-body .opblock-section-header, .swagger-ui .opblock-description-wrapper { padding: 0 .6rem }
  .swagger-ui .topbar { padding: .3rem 0 }
  .swagger-ui .topbar-wrapper { flex-direction: row; justify-content: space-between }
  .swagger-ui .info .title { font-size: 1.8rem }
  .swagger-ui .opblock-description-wrapper { margin: .8rem 0 }
  .swagger-ui .opblock-summary-path { max-width: none; overflow-wrap: anywhere }
  .swagger-ui .opblock .opblock-summary .view-line-link { display: none }
  .swagger-ui .parameters-container, .swagger-ui .table-container, .swagger-ui .responses-inner { padding: .6rem }
  .swagger-ui table.parameters, .swagger-ui table.parameters tbody, .swagger-ui table.parameters tr, .swagger-ui table.parameters td,
  .swagger-ui table.responses-table, .swagger-ui table.responses-table > tbody, .swagger-ui tr.response, .swagger-ui tr.response > td,
  .swagger-ui table.headers, .swagger-ui table.headers tbody, .swagger-ui table.headers tr, .swagger-ui table.headers td { display: block; width: auto }
  .swagger-ui table.parameters thead, .swagger-ui table.responses-table > thead { display: none }
  .swagger-ui table.parameters tr { padding: .6rem 0 }
  .swagger-ui .parameters-col_name, .swagger-ui .parameters-col_description, .swagger-ui tr.response > td { padding: .1rem 0 !important; max-width: none }
  .swagger-ui .parameters-col_name > * { display: inline-block; padding: 0 .4rem 0 0 }
  .swagger-ui tr.response { padding: .5rem 0; border-top: 1px solid #8884 }
  .swagger-ui tr.response .response-col_status { font-weight: 700 }
  .swagger-ui .parameters-col_description input, .swagger-ui .parameters-col_description select { width: 100%; max-width: none }
  .swagger-ui .model-container, .swagger-ui .json-schema-2020-12 { overflow-x: auto }
  .swagger-ui .highlight-code > .microlight { max-height: 24rem }
}
`;
