using Vault.Attacks.Fuzz;
using Vault.Attacks.Tenants;

return args switch
{
    ["fuzz", .. var rest] => await FuzzCommand.RunAsync(rest),
    ["tenants", .. var rest] => await TenantsCommand.RunAsync(rest),
    _ => Wrong(),
};

static int Wrong()
{
    Console.Error.WriteLine(
        "usage: vault-attack fuzz | tenants; each has --help. The scripts are ./scripts/fuzz and ./scripts/tenants."
    );
    return 2;
}
