package org.secondsite.net;

import org.secondsite.testing.ModuleRules;

/** What the floor below the features may know; linux is calls of the C library throughout. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("net", "org.secondsite.net.linux");
    }
}
