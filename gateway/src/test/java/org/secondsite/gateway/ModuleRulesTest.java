package org.secondsite.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What the gateway's own packages may know. */
@AnalyzeClasses(packages = "org.secondsite.gateway", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleRulesTest {
    private static final String[] PURE = {
        "org.secondsite.gateway.ownership", "org.secondsite.gateway.group", "org.secondsite.gateway.peer"
    };

    @ArchTest
    static final ArchRule coreOpensNothing = noClasses()
            .that()
            .resideInAnyPackage(PURE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.io..",
                    "java.nio.channels..",
                    "java.util.concurrent.locks..",
                    "io.netty.channel..",
                    "io.netty.bootstrap..",
                    "io.netty.handler..",
                    "org.secondsite..io..")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.nio.file.Files")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.Thread");

    @ArchTest
    static final ArchRule coreReadsNoClock = noClasses()
            .that()
            .resideInAnyPackage(PURE)
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis");

    @ArchTest
    static final ArchRule ownershipKnowsNothingButTheWords = noClasses()
            .that()
            .resideInAPackage("org.secondsite.gateway.ownership")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages("java..", "org.secondsite.config", "org.secondsite.gateway.ownership");
}
