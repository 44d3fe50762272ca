"""Makes `openapi.json` from the handlers, and shows it as a page. Owns no part of the contract: the handlers do."""
