package org.secondsite.metrics;

import org.secondsite.testing.ModuleRules;

/** What figures may know; the module reads them and serves them, and is edge throughout. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("metrics", "org.secondsite.metrics");
    }
}
