package org.secondsite.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The benchmarks know the modules that they measure, and their arithmetic knows nothing of the machine. */
@AnalyzeClasses(packages = "org.secondsite.bench", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleRulesTest {
    @ArchTest
    static final ArchRule arithmeticIsPure = noClasses()
            .that()
            .resideInAnyPackage("org.secondsite.bench", "org.secondsite.bench.codec")
            .and()
            .doNotHaveSimpleName("Main")
            .and()
            .doNotHaveSimpleName("Buffer")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.secondsite.bench.io..", "java.io..", "java.nio.file..", "java.nio.channels..", "java.net..")
            .orShould()
            .callMethod(System.class, "nanoTime");
}
