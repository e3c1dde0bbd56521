package org.secondsite.management;

import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import org.junit.jupiter.api.Test;
import org.secondsite.testing.ModuleRules;

/** What management may know: the configuration, and a small port. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("management");
    }

    @Test
    void socketsAreOpenedInIoOnly() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideInAnyPackage("org.secondsite.management.model..", "org.secondsite.management.rest..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(classes());
    }
}
