package org.secondsite.openflow;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import org.junit.jupiter.api.Test;
import org.secondsite.testing.ModuleRules;

/** What the controller may know, that its core is pure, and that the pipeline knows no messages. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("openflow");
    }

    @Test
    void thePipelineKnowsNoMessages() {
        noClasses()
                .that()
                .resideInAPackage("org.secondsite.openflow.pipeline")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.projectfloodlight..", "io.netty..")
                .check(classes());
    }
}
