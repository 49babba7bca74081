; Where a fill of several lines may end. ../README.md explains the capture.

(translation_unit (_) @end)
(compound_statement (_) @end)
(case_statement (_) @end)
(declaration_list (_) @end)
(field_declaration_list (_) @end)
(preproc_if (_) @end)
(preproc_ifdef (_) @end)
(preproc_else (_) @end)
(enumerator_list "," @end)
(initializer_list "," @end)
