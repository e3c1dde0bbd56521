package org.secondsite.pki;

import org.secondsite.testing.ModuleRules;

/** What the test authority may know; it writes files. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("pki", "org.secondsite.pki");
    }
}
