package org.secondsite.appliance;

import org.secondsite.testing.ModuleRules;

/** What the program may know; it is edge throughout. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("appliance", "org.secondsite.appliance..");
    }
}
