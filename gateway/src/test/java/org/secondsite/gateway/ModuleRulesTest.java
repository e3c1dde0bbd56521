package org.secondsite.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import org.junit.jupiter.api.Test;
import org.secondsite.testing.ModuleRules;

/** What a gateway's decisions may know, and that only the gateway itself and its management socket touch the world. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super(
                "gateway",
                "org.secondsite.gateway",
                "org.secondsite.gateway.management",
                "org.secondsite.gateway.timeline");
    }

    @Test
    void ownershipKnowsNothingButTheWords() {
        noClasses()
                .that()
                .resideInAPackage("org.secondsite.gateway.ownership")
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages("java..", "org.secondsite.config", "org.secondsite.gateway.ownership")
                .check(classes());
    }
}
