package org.secondsite.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import org.junit.jupiter.api.Test;
import org.secondsite.testing.ModuleRules;

/** What a measurement may know, and that its arithmetic is pure. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super(
                "bench",
                "org.secondsite.bench.agents",
                "org.secondsite.bench.bgp",
                "org.secondsite.bench.cli",
                "org.secondsite.bench.detection",
                "org.secondsite.bench.disk",
                "org.secondsite.bench.openflow",
                "org.secondsite.bench.process",
                "org.secondsite.bench.site",
                "org.secondsite.bench.trace",
                "org.secondsite.bench.witness");
    }

    @Test
    void arithmeticIsPure() {
        noClasses()
                .that()
                .resideInAnyPackage("org.secondsite.bench", "org.secondsite.bench.codec")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.secondsite.bench.io..",
                        "java.io..",
                        "java.nio.file..",
                        "java.nio.channels..",
                        "java.net..")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .check(classes());
    }
}
