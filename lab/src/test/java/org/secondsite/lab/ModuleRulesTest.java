package org.secondsite.lab;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import org.junit.jupiter.api.Test;
import org.secondsite.testing.ModuleRules;

/** What the lab decides (emulator, plan, verdict) is data in, data out. The rest of the lab drives the outside world. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("lab", "org.secondsite.lab", "org.secondsite.lab.cli", "org.secondsite.lab.embedded");
    }

    @Test
    void theEmulatorAndTheClientStandAlone() {
        noClasses()
                .that()
                .resideInAnyPackage("org.secondsite.lab.wan..", "org.secondsite.lab.client..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.secondsite.lab.io..",
                        "org.secondsite.lab.plan..",
                        "org.secondsite.gateway..",
                        "org.secondsite.buffer..",
                        "org.secondsite.replicator..")
                .check(classes());
    }
}
