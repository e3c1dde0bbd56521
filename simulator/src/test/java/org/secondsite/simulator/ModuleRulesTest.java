package org.secondsite.simulator;

import org.secondsite.testing.ModuleRules;

/** What the simulator may know, and that nothing of its worlds is outside of them. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("simulator", "org.secondsite.simulator.cli");
    }
}
