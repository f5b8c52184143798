using Vault.Attacks.Findings;
using Vault.Attacks.Fuzz;
using Vault.Attacks.Tenants;

return args switch
{
    ["fuzz", .. var rest] => await FuzzCommand.RunAsync(rest),
    ["findings", .. var rest] => await FindingsCommand.RunAsync(rest),
    ["tenants", .. var rest] => await TenantsCommand.RunAsync(rest),
    _ => Wrong(),
};

static int Wrong()
{
    Console.Error.WriteLine(
        "usage: vault-attack findings | fuzz | tenants; each has --help. The scripts are ./scripts/attack, fuzz and tenants."
    );
    return 2;
}
