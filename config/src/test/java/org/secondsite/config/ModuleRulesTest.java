package org.secondsite.config;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "org.secondsite.config", importOptions = DoNotIncludeTests.class)
class ModuleRulesTest {
    @ArchTest
    static final ArchRule DEPENDS_ON_NO_OTHER_MODULE = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.secondsite.bgp..",
                    "org.secondsite.buffer..",
                    "org.secondsite.gateway..",
                    "org.secondsite.lab..",
                    "org.secondsite.openflow..",
                    "org.secondsite.replicator..",
                    "org.secondsite.witness..");

    @ArchTest
    static final ArchRule THE_CORE_IS_PURE = noClasses()
            .that()
            .resideOutsideOfPackage("..io..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.io..", "java.nio.channels..", "java.util.concurrent..")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.nio.file.Files")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.net\\.(Server|Datagram)?Socket|java\\.lang\\.Thread|java\\.time\\.Clock")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis");

    @ArchTest
    static final ArchRule ONLY_ONE_PACKAGE_KNOWS_YAML = noClasses()
            .that()
            .resideOutsideOfPackage("org.secondsite.config.yaml")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.snakeyaml..");
}
