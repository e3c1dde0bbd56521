package org.secondsite.config;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import org.junit.jupiter.api.Test;
import org.secondsite.testing.ModuleRules;

/** What the words of a configuration may know, and that only one package knows YAML. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("config");
    }

    @Test
    void onlyOnePackageKnowsYaml() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.secondsite.config.yaml")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.snakeyaml..")
                .check(classes());
    }
}
