package org.secondsite.buffer;

import org.secondsite.testing.ModuleRules;

/** What the data plane may know, and that its core is pure. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("buffer");
    }
}
