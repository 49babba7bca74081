import js from "@eslint/js";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["dist/", "build/", "node_modules/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [typescript.configs.strictTypeChecked, typescript.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      // `vscode.Disposable` is a class by name only: the editor takes whatever has a `dispose`.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["test/**", "e2e/**"],
    // node:test runs what `test` and `describe` return by itself.
    rules: { "@typescript-eslint/no-floating-promises": "off" },
  },
  { files: ["**/*.{mjs,js}"], languageOptions: { globals: { process: "readonly", console: "readonly", Buffer: "readonly" } } },
);
