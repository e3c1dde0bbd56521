package org.secondsite.replicator;

import org.secondsite.testing.ModuleRules;

/** What the checkpoint protocol, the codec and the tunnel may know, and that their cores are pure. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("replicator", "org.secondsite.replicator.trace");
    }
}
