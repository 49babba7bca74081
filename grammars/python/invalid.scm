; What tree-sitter-python accepts and Python does not. ../README.md explains the predicates.

; --- lines and indentation

((block) @invalid
  (#empty? @invalid)
  (#set! message "a block needs at least one statement"))

((module (_) @invalid)
  (#indent-differs? @invalid "")
  (#set! message "unexpected indentation"))

((block . (_) @first (_) @invalid)
  (#indent-differs? @invalid @first)
  (#set! message "indented differently from the rest of the block"))

((_ (block . (_) @invalid)) @outer
  (#not-deeper? @invalid @outer)
  (#set! message "the block is not indented further than what it belongs to"))

((_ [(elif_clause) (else_clause) (except_clause) (finally_clause)] @invalid) @outer
  (#indent-differs? @invalid @outer)
  (#set! message "the clause is not indented as its statement is"))

([(assert_statement) (class_definition) (delete_statement) (expression_statement) (for_statement)
  (function_definition) (future_import_statement) (global_statement) (if_statement) (import_from_statement)
  (import_statement) (match_statement) (nonlocal_statement) (raise_statement) (return_statement)
  (try_statement) (type_alias_statement) (while_statement) (with_statement)
  (case_clause) (decorator) (elif_clause) (else_clause) (except_clause)] @invalid
  (#breaks-line? @invalid
    "block" "elif_clause" "else_clause" "except_clause" "finally_clause")
  (#set! message "a line ends in the middle of a statement, outside brackets"))

; --- statements of Python 2

((print_statement) @invalid
  (#set! message "print is a function: its arguments stand in parentheses"))
((exec_statement) @invalid
  (#set! message "exec is a function: its arguments stand in parentheses"))
((comparison_operator "<>" @invalid)
  (#set! message "unequal is written !="))
((raise_statement (expression_list) @invalid)
  (#set! message "raise takes one exception"))
((except_clause value: (_) value: (_) @invalid)
  (#set! message "several exceptions stand in parentheses, and a name follows as"))
((parameters (tuple_pattern) @invalid)
  (#set! message "a parameter cannot be a tuple"))
((lambda_parameters (tuple_pattern) @invalid)
  (#set! message "a parameter cannot be a tuple"))
((string_start) @invalid
  (#match? @invalid "`|[uU][rR]|[rR][uU]|[bB][uU]|[uU][bB]|[uU][fF]|[fF][uU]|[fF][bB]|[bB][fF]")
  (#set! message "no such string prefix"))
((integer) @invalid
  (#match? @invalid "^0[0-9_]*[1-9]|[lL]$")
  (#set! message "no such number"))

; --- where statements may stand

((return_statement) @invalid
  (#not-inside? @invalid "function_definition:body" "!class_definition:body")
  (#set! message "return outside a function"))
((yield) @invalid
  (#not-inside? @invalid "function_definition:body" "lambda:body" "!class_definition:body")
  (#set! message "yield outside a function"))
((nonlocal_statement) @invalid
  (#not-inside? @invalid "function_definition:body")
  (#set! message "nonlocal outside a function"))
([(break_statement) (continue_statement)] @invalid
  (#not-inside? @invalid
    "for_statement:body" "while_statement:body" "!function_definition:body" "!class_definition:body")
  (#set! message "break or continue outside a loop"))
((await) @invalid
  (#not-inside? @invalid
    "function_definition(async):body" "generator_expression" "!function_definition:body" "!lambda:body"
    "!class_definition:body")
  (#set! message "await outside an async function"))
([(for_statement "async") (with_statement "async")] @invalid
  (#not-inside? @invalid
    "function_definition(async):body" "!function_definition:body" "!class_definition:body")
  (#set! message "an async statement outside an async function"))
((for_in_clause "async") @invalid
  (#not-inside? @invalid
    "function_definition(async):body" "generator_expression" "!function_definition:body" "!lambda:body"
    "!class_definition:body")
  (#set! message "an async comprehension outside an async function"))

((try_statement) @invalid
  (#lacks-child? @invalid "except_clause" "finally_clause")
  (#set! message "try needs an except or a finally"))
((try_statement (else_clause) @invalid) @try
  (#lacks-child? @try "except_clause")
  (#set! message "else needs an except before it"))
((try_statement (except_clause . "except" . ":") @invalid . (except_clause))
  (#set! message "an except for everything must be the last"))
((try_statement (except_clause "*") (except_clause . "except" . [(identifier) ":"]) @invalid)
  (#set! message "except and except* cannot be mixed"))
((case_clause (case_pattern "_") . ":") @invalid . (case_clause)
  (#set! message "a case for everything must be the last"))

; --- expressions and targets

((expression_statement [(named_expression) (list_splat)] @invalid)
  (#set! message "this is not a statement: it needs parentheses or a comma"))
((assignment right: (named_expression) @invalid)
  (#set! message "a named expression needs parentheses here"))
((keyword_argument value: (named_expression) @invalid)
  (#set! message "a named expression needs parentheses here"))
((default_parameter value: (named_expression) @invalid)
  (#set! message "a named expression needs parentheses here"))
([(assignment right: (list_splat) @invalid) (return_statement (list_splat) @invalid)
  (augmented_assignment right: (list_splat) @invalid)]
  (#set! message "a starred expression needs a comma"))
([(parenthesized_expression (list_splat) @invalid) (tuple . "(" . (list_splat) @invalid . ")")]
  (#set! message "a starred expression needs a comma"))
([(list_comprehension body: (list_splat) @invalid) (set_comprehension body: (list_splat) @invalid)
  (generator_expression body: (list_splat) @invalid)]
  (#set! message "no starred expression in a comprehension"))
([(assignment right: (augmented_assignment) @invalid)
  (augmented_assignment right: [(assignment) (augmented_assignment)] @invalid)]
  (#set! message "an augmented assignment stands alone"))
((augmented_assignment left: [(pattern_list) (tuple_pattern) (list_pattern)] @invalid)
  (#set! message "an augmented assignment has a single target"))
((assignment left: [(pattern_list) (tuple_pattern) (list_pattern)] @invalid type: (_))
  (#set! message "only a single target can be annotated"))
((assignment type: (type (constrained_type)) @invalid)
  (#set! message "an annotation holds no colon"))
((assignment type: (_) right: (assignment) @invalid)
  (#set! message "an annotated assignment has a single target"))
((as_pattern_target [(call) (integer) (float) (string) (true) (false) (none) (binary_operator)] @invalid)
  (#set! message "nothing can be assigned to this"))
((delete_statement [(call) (integer) (float) (string) (true) (false) (none) (binary_operator)
  (comparison_operator) (boolean_operator) (dictionary) (set) (lambda) (list_splat)] @invalid)
  (#set! message "this cannot be deleted"))
((delete_statement (expression_list [(call) (integer) (float) (string) (true) (false) (none)
  (binary_operator) (comparison_operator)] @invalid))
  (#set! message "this cannot be deleted"))
((raise_statement . "raise" . "from" @invalid)
  (#set! message "raise ... from needs an exception before from"))
(((string_start) @start . (string_content) @invalid)
  (#match? @start "[bB]")
  (#match? @invalid "[^\\x00-\\x7f]")
  (#set! message "bytes hold ASCII characters only"))

; --- parameters, arguments and imports

((parameters [(default_parameter) (typed_default_parameter)] .
  [(identifier) (typed_parameter . (identifier))] @invalid)
  (#set! message "a parameter without a default follows one with a default"))
((lambda_parameters (default_parameter) . (identifier) @invalid)
  (#set! message "a parameter without a default follows one with a default"))
((_ [(dictionary_splat_pattern) (typed_parameter . (dictionary_splat_pattern))] .
  [(identifier) (default_parameter) (typed_parameter) (typed_default_parameter) (list_splat_pattern)
   (dictionary_splat_pattern) (keyword_separator) (positional_separator)] @invalid)
  (#set! message "no parameter can follow **"))
((_ [(list_splat_pattern) (keyword_separator)] . [(list_splat_pattern) (keyword_separator)] @invalid)
  (#set! message "* stands once"))
((parameters (keyword_separator) @invalid . [(dictionary_splat_pattern) ")"])
  (#set! message "named parameters must follow *"))
((parameters (identifier) @first . (identifier) @invalid)
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))
((argument_list [(keyword_argument) (dictionary_splat)] .
  [(identifier) (attribute) (string) (concatenated_string) (integer) (float) (true) (false) (none) (call)
   (subscript) (binary_operator) (unary_operator) (boolean_operator) (comparison_operator) (not_operator)
   (list) (tuple) (dictionary) (set) (lambda) (await) (list_comprehension) (dictionary_comprehension)
   (set_comprehension) (conditional_expression) (ellipsis)] @invalid)
  (#set! message "a positional argument follows a named one"))
((argument_list (dictionary_splat) . (list_splat) @invalid)
  (#set! message "* follows **"))
((argument_list (keyword_argument name: (_) @first) . (keyword_argument name: (_) @invalid))
  (#eq? @first @invalid)
  (#set! message "two arguments of one name"))
((call arguments: (generator_expression (for_in_clause "," @invalid)))
  (#set! message "a generator beside other arguments needs parentheses"))

([(import_statement "," @invalid .) (import_from_statement "," @invalid .)] @statement
  (#lacks-child? @statement ")")
  (#set! message "a comma without a name after it"))
((import_from_statement name: (dotted_name (identifier) . (identifier)) @invalid)
  (#set! message "from ... import takes plain names"))
((import_from_statement name: (aliased_import name: (dotted_name (identifier) . (identifier))) @invalid)
  (#set! message "from ... import takes plain names"))
([(function_definition body: (block (import_from_statement (wildcard_import) @invalid)))
  (class_definition body: (block (import_from_statement (wildcard_import) @invalid)))]
  (#set! message "import * inside a definition"))
((with_clause "," @invalid .) @clause
  (#lacks-child? @clause ")")
  (#set! message "a comma without a context manager after it"))
([(assignment left: (identifier) @invalid) (named_expression name: (identifier) @invalid)
  (parameters (identifier) @invalid) (expression_statement (identifier) @invalid)]
  (#any-of? @invalid "async" "await")
  (#set! message "a keyword is no name"))
